// Every test here starts, kills and restarts servers of its own; side by side on a small machine they would only wait for each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
