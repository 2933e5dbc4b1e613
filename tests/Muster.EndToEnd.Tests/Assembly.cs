// Every test here starts planes, agents and builds of its own; side by side they would only wait for each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
