"""An emulated Raspberry Pi Pico: rp2040js with flash, scanner, keypad, panel, buzzer and USB around it."""
