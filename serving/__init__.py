"""The read half: authenticates, searches, generates and streams. Reads the corpus, writes only its own schema."""
