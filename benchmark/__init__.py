"""The mazes, and the test cases that use them."""
