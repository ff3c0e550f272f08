"""What is written for people and for later: the inventory CSV, and the descriptions of archives."""
