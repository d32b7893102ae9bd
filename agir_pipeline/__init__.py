"""From questionnaires and partner files to the tables of an independent evaluation."""
