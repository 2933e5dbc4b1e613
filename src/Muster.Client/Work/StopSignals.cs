using System.Runtime.InteropServices;

namespace Muster.Client.Work;

/// <summary>SIGTERM and SIGINT: the first asks for a good end, the second for a quick one.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly PosixSignalRegistration _term;
    private readonly PosixSignalRegistration _int;
    private readonly WorkControl _control;
    private readonly CancellationTokenSource _graceOver;
    private int _count;

    public StopSignals(WorkControl control, CancellationTokenSource graceOver)
    {
        (_control, _graceOver) = (control, graceOver);
        _term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Take);
        _int = PosixSignalRegistration.Create(PosixSignal.SIGINT, Take);
    }

    public void Dispose()
    {
        _term.Dispose();
        _int.Dispose();
    }

    private void Take(PosixSignalContext context)
    {
        context.Cancel = true;
        _control.Finish(WorkEnd.Signal);
        if (Interlocked.Increment(ref _count) > 1)
            _ = _graceOver.CancelAsync();
    }
}
