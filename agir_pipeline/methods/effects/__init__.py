"""Effects: who can be evaluated, how large the difference is, and how sure one may be."""
