"""The ground tool: keys, enrolment, provisioning, sync and ledger of Cabinpay."""
