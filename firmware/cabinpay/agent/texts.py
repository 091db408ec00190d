"""What the crew reads, in English; texts_zh.py says the same in Chinese. At most 28 characters a line; a code's lines
say what to do. Two spaces part what stands left from what stands at the right edge of the screen."""

LANGUAGE = "en"
# Which field of a catalogue's item is its name in this language
NAME = 1

# code of a verdict, a refusal or a state that does not sell: its lines
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
    "already_paid": ("ALREADY PAID.", "No new charge."),
    "approved": ("APPROVED",),
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
    "entry_sign_on": ("Crew number, flight 1-9999", "and date, please:", "crew*flight*DDMM #"),
    "entry_item": ("Item and price, please:", "sku*quantity*price A"),
    "entry_void": ("*D cancels the last sale,", "*number D that receipt."),
    "date": ("DDMM, please: 0512 is", "the fifth of December."),
    "pin": ("Wrong crew number or PIN.",),
    "pin_wait": ("Too many wrong PINs.", "Wait %d s."),
    "price": ("The list has its price.", "sku*quantity A"),
    "unlisted": ("Not in the catalogue.", "Key in sku*quantity*price A."),
    "no_list": ("No catalogue here.", "Key in sku*quantity*price A."),
    "line": ("Item, quantity 1-255", "and price, please."),
    "lines": ("Too many lines.", "Let these be paid first."),
    "discount": ("Discount is too large.", "Leave something to pay."),
    "void_unknown": ("No such sale in this shift.", "After it: refund on ground."),
    "void_twice": ("Sale is cancelled already.", "Nothing is left to do."),
    "receipt": ("This receipt", "cannot be shown."),
    "memory": ("Too little memory for now.", "Switch off and on."),
}

SIGN_ON = "SIGN ON"
SIGN_ON_KEYS = "crew*flight*DDMM #"
OTHER_LANGUAGE = "A: 中文"
PIN = "PIN, crew %d"
PIN_KEYS = "PIN #, D back"

NEW_SALE = "NEW SALE %s"
ITEM_KEYS = "sku*quantity*price A"
LISTED_KEYS = "sku*quantity A, or A: list"
SALE_KEYS = ("B code, C bill, D clear", "# cash-up")
MORE_LINES = "and %d more"
TIP, DISCOUNT = "tip", "discount"
LIST_KEYS = "B code, C bill, D back"
PAGE_KEYS = "* next page, # back"
CURRENCY_KEY = "0: in %s"
# why only bills are paid
BILLS_ONLY = {
    "bundle_expired": "Bundle run out: bills only",
    "ground_overdue": "Sync overdue: bills only",
    "no_clock": "No clock: bills only",
}
FULLNESS = "%d %% full: sync soon"

SCAN = "SCAN THE CODE"
BACK = "D: back"
RECEIPT = "Receipt %d"
SHOW_RECEIPT = "C: receipt"

LAST_SALE = "LAST SALE"
CANCELLED = "CANCELLED"
SEEN = "A: seen"
CANCEL_IT = "D: cancel it"
CANCEL = "CANCEL SALE?"
REASONS = ("1: keyed in by mistake", "2: not delivered", "3: passenger's wish", "4: other reason")
SALE_CANCELLED = "SALE CANCELLED"

CASH_UP = "CASH-UP  shift %d"
SOLD = "%d sales  %s"
VOIDED = "%d cancelled  %s"
CLOSE_KEYS = "# close the shift, D back"
