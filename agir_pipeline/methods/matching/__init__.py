"""Who is compared with whom: pairs blind to outcomes, optimal in their band, proved so."""
