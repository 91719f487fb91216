"""Readers of text: files to rows, rows to `Sentences`."""
