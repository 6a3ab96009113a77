"""Stand-ins for the world outside: a payment channel, and people who shop."""
