"""The consultation in a browser. Holds no rule and no formula."""
