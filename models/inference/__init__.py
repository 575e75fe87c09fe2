"""From planned cases to replies: the plan, the cache of replies, and errors as one kind."""
