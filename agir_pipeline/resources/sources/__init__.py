"""Where deliveries come from: each module answers ``pull`` with whole files, or says why not."""
