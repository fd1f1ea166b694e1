"""Files as an attacker or a bad disk leaves them, and a judge of what a reader makes of them."""
