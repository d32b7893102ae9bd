"""What the study is: the protocol file, its model, its loader and its two digests."""
