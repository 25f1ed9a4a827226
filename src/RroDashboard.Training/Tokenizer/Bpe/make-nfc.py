#!/usr/bin/env python3
"""Writes Nfc.txt: what canonical composition needs to know of the Unicode character database of this Python.

Lines: "U version", then "C class hex hex..." (combining classes other than 0; a range is first-last) and "D hex hex [hex]" (canonical decompositions;
"X" instead of "D" where the character is excluded from composition). Hangul is algorithmic and left out.
"""
import sys
import unicodedata as u

classes, rules = {}, []
for code in range(0x110000):
    if 0xAC00 <= code < 0xD7A4 or 0xD800 <= code < 0xE000:
        continue
    c = chr(code)
    if u.combining(c):
        classes.setdefault(u.combining(c), []).append(code)
    parts = u.decomposition(c)
    if parts and not parts.startswith("<"):
        kind = "D" if u.normalize("NFC", c) == c else "X"
        rules.append(f"{kind} {code:x} " + " ".join(p.lower().lstrip("0") for p in parts.split()))

def ranges(codes):
    first = last = codes[0]
    for code in codes[1:] + [None]:
        if code is not None and code == last + 1:
            last = code
            continue
        yield f"{first:x}" if first == last else f"{first:x}-{last:x}"
        first = last = code

with open(sys.argv[1], "w", encoding="ascii", newline="\n") as file:
    print("U", u.unidata_version, file=file)
    for klass in sorted(classes):
        print("C", klass, *ranges(classes[klass]), file=file)
    print(*rules, sep="\n", file=file)
