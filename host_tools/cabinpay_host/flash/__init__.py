"""From a bare board to a terminal: boards, images, the agent's files, and how they get there without a lost receipt."""
