"""What images are here: their arrays, their colours, and how they travel as bytes. Knows no engine."""
