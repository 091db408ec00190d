"""The crew's texts, as the tests read them: whole."""

from cabinpay.agent import language

TEXTS = language.Texts(language.ENGLISH)


def everything(name):
    """{name: lines} of a language."""
    folder = language.__file__[: -len(language.__file__.split("/")[-1])]
    with open(folder + name + ".txt", "rb") as file:
        rows = [row.split(": ", 1) for row in str(file.read(), "utf-8").split("\n") if row and row[0] != "#"]
    return {row[0]: row[1].split(" | ") for row in rows}


def is_code(name):
    """Is it a verdict, a refusal or a state, and not a label?"""
    return name == name.lower()
