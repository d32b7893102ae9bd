"""What the steward decides of deliveries, replayed every night: corrections and layouts."""
