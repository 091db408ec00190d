"""What the crew reads for each code: at most 28 characters a line, and it says what to do."""

# code: (line, line)
LINES = {
    "length": ("Code too long.", "Not a Cabinpay code?"),
    "prefix": ("Not a Cabinpay code.", "Ask for the pass code."),
    "base45": ("Damaged scan.", "Scan again."),
    "cbor": ("Damaged scan.", "Scan again."),
    "cose": ("Not a valid code.", "Ask for another payment."),
    "schema": ("Not a valid code.", "Ask for another payment."),
    "no_shift": ("No shift is open.", "Sign on first."),
    "no_bundle": ("Terminal is not ready.", "Ground crew: cabinpay sync."),
    "issuer": ("Issuer not accepted.", "Ask for another payment."),
    "airline": ("Pass of another airline.", "Ask for another payment."),
    "flight": ("Pass for another flight.", "Ask for another payment."),
    "currency": ("Pass in other currency.", "Ask for another payment."),
    "pass_early": ("Pass is not valid yet.", "Ask for another payment."),
    "pass_expired": ("Pass has expired.", "Ask for another payment."),
    "pass_lifetime": ("Pass runs for too long.", "Ask for another payment."),
    "no_sale": ("No sale is ready.", "Key in items, then B or C."),
    "mode": ("This way of paying is off.", "Show a bill: key C."),
    "bundle_expired": ("Trust bundle has run out.", "Show a bill: key C."),
    "ground_overdue": ("Sync is overdue.", "Show a bill: key C."),
    "stale": ("Code is too old.", "Passenger: make a new code."),
    "ahead": ("Phone's clock is ahead.", "Show a bill: key C."),
    "no_bill": ("No bill is open.", "Show a bill: key C."),
    "other_bill": ("Code is for another bill.", "Scan the bill again."),
    "amount": ("Amount does not match.", "Passenger: pay again."),
    "order": ("Order does not match.", "Passenger: pay again."),
    "pass_signature": ("FORGED PASS.", "Take no payment. Report it."),
    "payment_signature": ("FORGED PAYMENT.", "Take no payment. Report it."),
    "revoked": ("Pass has been withdrawn.", "Ask for another payment."),
    "already_paid": ("ALREADY PAID.", "Do not charge again."),
    "voided": ("Sale was cancelled.", "Passenger: make a new code."),
    "seq": ("Old or used code.", "If not paid: a new code."),
    "per_sale": ("Over the limit for a sale.", "Take items off."),
    "total": ("Pass limit is used up.", "Ask for another payment."),
    "count": ("Pass has no sales left.", "Ask for another payment."),
    "terminal_limit": ("Over this terminal's limit.", "Take items off, or key C."),
    "passes_full": ("Too many passengers.", "Sync before more sales."),
    "full": ("Terminal is full.", "Sync before more sales."),
    "storage": ("Storage failed.", "Switch off and on."),
    "rolled_back": ("Receipts are missing.", "No sales. Report terminal."),
    "blank": ("Terminal is not set up.", "Ground: cabinpay provision."),
    "needs_recovery": ("Flash was formatted.", "No sales. Ground: recover."),
    "damaged": ("Receipts are damaged.", "No sales. Ground crew: sync."),
}

# Tones by what happened; a refusal may have its own
TONES = {"approved": "approved", "already_paid": "attention", "pass_signature": "alarm", "payment_signature": "alarm"}


# ISO 4217 codes of the currencies that crews are likely to see; others are shown by their number
CURRENCIES = {
    156: "CNY",
    344: "HKD",
    392: "JPY",
    410: "KRW",
    702: "SGD",
    764: "THB",
    826: "GBP",
    840: "USD",
    978: "EUR",
}


def clock_time(time):
    """Hours and minutes of Unix seconds, UTC as aircraft clocks are."""
    return "%02d:%02d UTC" % (time // 3600 % 24, time // 60 % 60)


def folded(lines, columns):
    """Lines of at most `columns` characters, broken between words; inside one only where it is longer than a line."""
    out = []
    for line in lines:
        row = ""
        for word in line.split():
            if row and len(row) + 1 + len(word) > columns:
                out.append(row)
                row = ""
            row = (row + " " + word) if row else word
            while len(row) > columns:
                out.append(row[:columns])
                row = row[columns:]
        out.append(row)
    return out


def tone(code):
    return TONES.get(code, "refused")


def money(amount, exponent):
    """Minor units as people write them: 1250 with exponent 2 is 12.50."""
    sign = "-" if amount < 0 else ""
    digits = "%0*d" % (exponent + 1, abs(amount))
    return sign + (digits[:-exponent] + "." + digits[-exponent:] if exponent else digits)
