"""What cancels a sale, read from the voids themselves: the first void that is its terminal's word, of the same terminal
and shift, with a higher number and no open, close or break in between. That their columns are what their receipts say
is looked at in audit_receipts.py.
"""

_CANCELS = """{v}.terminal_kid = {s}.terminal_kid AND {v}.target = {s}.sha256 AND {v}.kind = 2 AND {v}.word
    AND {s}.kind = 1 AND {s}.word AND {v}.number > {s}.number AND {v}.shift = {s}.shift
    AND NOT EXISTS (SELECT 1 FROM receipts ce WHERE ce.terminal_kid = {s}.terminal_kid AND ce.kind IN (3, 4, 5)
        AND ce.word AND ce.number > {s}.number AND ce.number < {v}.number)"""

# The id of the void of a sale `r`, NULL for none
VOID_OF = f"""SELECT cv.id FROM receipts cv WHERE {_CANCELS.format(v="cv", s="r")}
    ORDER BY cv.number, cv.sha256 LIMIT 1"""

_FIRST = f"""NOT EXISTS (SELECT 1 FROM receipts cf WHERE {_CANCELS.format(v="cf", s="cs")}
    AND (cf.number < r.number OR (cf.number = r.number AND cf.sha256 < r.sha256)))"""
# Does void `r` cancel nothing, because its sale has no void or another one?
IDLE = f"""r.kind = 2 AND r.word AND r.target IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM receipts cs WHERE {_CANCELS.format(v="r", s="cs")} AND {_FIRST})"""
