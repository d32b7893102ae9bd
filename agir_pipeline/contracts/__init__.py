"""The tables the product itself makes: every column declared once, every frame checked."""
