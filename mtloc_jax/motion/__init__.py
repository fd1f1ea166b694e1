"""How a phone moves: its orientation, its steps, and a network that knows no building."""
