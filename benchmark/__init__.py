"""What is asked: the mazes and the test cases made of them."""
