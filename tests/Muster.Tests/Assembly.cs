// File modes are what is tested here.
[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
