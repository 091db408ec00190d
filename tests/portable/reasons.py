"""Codes of what can stand against a scan (design section 4), in the order in which they are looked at."""

from cabinpay.agent.verdict import ALREADY_PAID
from cabinpay.wire.errors import WireError

REASONS = (
    WireError.CODES
    + ("no_shift", "no_bundle", "issuer", "airline", "flight", "currency", "pass_early", "pass_expired")
    + ("pass_lifetime", "no_sale", "mode", "bundle_expired", "ground_overdue", "stale", "ahead", "no_bill")
    + ("other_bill", "amount", "order", "pass_signature", "payment_signature", ALREADY_PAID, "revoked", "seq")
    + ("per_sale", "total", "count", "terminal_limit", "passes_full", "full", "storage", "damaged", "rolled_back")
    + ("blank", "needs_recovery")
)
