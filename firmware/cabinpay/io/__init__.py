"""The only code that touches hardware: files, streams, screen. Board files hand it open streams and panels."""
