"""The names that bind each sealed field of a return to its place."""

WORDS = "returns.returnrequest.words"
PICTURE = "returns.returnpicture.file"
