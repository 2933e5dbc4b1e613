// Every test here starts planes, agents and builds of its own and mostly waits for them: two at once; more would only wait for each other.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]
[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
