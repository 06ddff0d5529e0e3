"""The documentation in the browser: guides in both languages, and a reference made from the document."""
