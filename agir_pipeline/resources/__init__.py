"""The only code that meets disk, database, network, clock and keys. Holds no study knowledge."""
