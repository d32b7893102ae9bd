"""From the bytes of a delivery to typed rows: every row of a file gets exactly one end.

Two halves. ``containers``, ``workbook``, ``delimited``, ``grid`` and ``child`` turn bytes into a
grid of texts; they run in a process of their own and import nothing but the standard library
and python_calamine. ``headings``, ``typing_rules``, ``rows`` and ``sentences`` turn that grid
into rows by the contract of the source; they are pure. This file imports neither half.
"""
