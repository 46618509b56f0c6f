"""What the tests of the app share: runs to look at, an app that is driven by keys, screens as text."""
