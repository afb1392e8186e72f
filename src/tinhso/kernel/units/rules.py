"""Vietnamese order and search of names."""

import unicodedata

_LETTERS = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
# Primary weight of each letter as one ASCII sign, so that the key sorts the same under any collation "C".
_WEIGHT = {letter: chr(ord("A") + i) for i, letter in enumerate(_LETTERS)}
# Order of tones in Vietnamese dictionaries: level, grave, hook, tilde, acute, dot below.
_TONES = {"\u0300": "1", "\u0309": "2", "\u0303": "3", "\u0301": "4", "\u0323": "5"}


def sort_key(name: str) -> str:
    """An ASCII key under which names sort as in a Vietnamese dictionary: letters first, tones within a word."""
    words = []
    for word in unicodedata.normalize("NFC", name.lower()).split():
        letters, tone = "", "0"
        for sign in word:
            parts = unicodedata.normalize("NFD", sign)
            tone = next((_TONES[part] for part in parts if part in _TONES), tone)
            base = unicodedata.normalize("NFC", "".join(part for part in parts if part not in _TONES))
            letters += _WEIGHT.get(base, base if base.isascii() else "~")
        words.append(f"{letters}{tone}")
    return " ".join(words)


def fold(text: str) -> str:
    """*text* without case and diacritics (đ = d), as the database function `tinhso_fold` does it."""
    plain = unicodedata.normalize("NFD", unicodedata.normalize("NFC", text).replace("đ", "d").replace("Đ", "D"))
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).lower()
