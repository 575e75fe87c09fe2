"""Who answers: checkpoints, how they are built and stored, and the engines that ask them."""
