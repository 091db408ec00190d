"""The Raspberry Pi Pico as a board: board.toml says what is on its pins."""
