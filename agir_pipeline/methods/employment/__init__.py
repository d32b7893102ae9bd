"""What pair members do after their contract: on the date of the question, and month by month."""
