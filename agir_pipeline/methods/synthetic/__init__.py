"""An invented study with the layout of the real one: people, contracts, answers, files, truth."""
