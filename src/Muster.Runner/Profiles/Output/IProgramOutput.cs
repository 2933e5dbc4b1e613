namespace Muster.Runner.Profiles.Output;

/// <summary>Reads the output of one run, line by line. What cannot be read is passed on as it is, never an error: programs change their output.</summary>
internal interface IProgramOutput
{
    void Read(string line, ProgramReport report);
}

/// <summary>Tokens as the program counts them; the plane's own count is the gateway's.</summary>
internal sealed record ProgramTokens(long In, long Out, long Cached);
