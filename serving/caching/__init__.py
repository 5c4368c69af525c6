"""The three caches: question vectors, search results, and answers that are only reused on the same evidence."""
