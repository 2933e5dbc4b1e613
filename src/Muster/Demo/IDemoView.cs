using Muster.Contracts.Events;
using Muster.Live;
using Muster.Terminals;

namespace Muster.Demo;

/// <summary>How the demo shows what happens.</summary>
internal interface IDemoView : IAsyncDisposable
{
    void Happened(EventInfo happened);

    void Say(string text, Tone tone = Tone.None);

    void Show(Snapshot now);

    /// <summary>Leaves the terminal alone until the next <see cref="Show"/>, so that something can be asked.</summary>
    Task PauseAsync();
}

/// <summary>A line for everything that happens. With <c>--json</c> on standard error.</summary>
internal sealed class LinesView(Terminal terminal) : IDemoView
{
    public void Happened(EventInfo happened)
    {
        if (EventText.IsDetail(happened)) return;
        Say(EventText.Line(happened), EventText.ToneOf(happened));
    }

    public void Say(string text, Tone tone = Tone.None)
    {
        if (terminal.Json) terminal.Note(text);
        else terminal.Line(Plain.Line(text), tone);
    }

    public void Show(Snapshot now)
    {
        // The lines have said it.
    }

    public Task PauseAsync() => Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
