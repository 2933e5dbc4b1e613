using Microsoft.Extensions.Logging;
using Muster.Runner;

namespace Muster.Hosting;

/// <summary>The log of plane and host: a file of bounded size, and on the terminal what a person should know. What goes wrong again and again stands there once a minute.</summary>
internal sealed class PlaneLog(string folder, bool verbose, bool onTerminal) : ILoggerProvider
{
    private readonly RotatingLog _file = new(Path.Combine(folder, "plane.log"), TimeProvider.System);
    private readonly Repetitions _repetitions = new(TimeProvider.System);

    public ILogger CreateLogger(string categoryName) => new Category(this, categoryName);

    public void Configure(ILoggingBuilder logging) => logging
        .AddProvider(this)
        .SetMinimumLevel(verbose ? LogLevel.Debug : LogLevel.Information)
        // The framework tells every request at Information.
        .AddFilter("Microsoft", verbose ? LogLevel.Information : LogLevel.Warning)
        // Where it may log anything at all, it makes an activity and a scope for each request, which nothing here reads.
        .AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", verbose ? LogLevel.Information : LogLevel.None);

    public void Dispose()
    {
        foreach (var line in _repetitions.End()) _file.Write(line);
        _file.Dispose();
    }

    private void Write(string category, LogLevel level, string text, Exception? error)
    {
        var said = $"{Short(level)} {category}: {text.ReplaceLineEndings(" ")}";
        if (level >= LogLevel.Warning)
        {
            var isNew = _repetitions.IsNew(error is null ? said : $"{said} | {error.GetType()}: {error.Message.ReplaceLineEndings(" ")}", out var again);
            foreach (var line in again) _file.Write(line);
            if (!isNew) return;
        }

        _file.Write(said + (error is null ? "" : " | " + error.ToString().ReplaceLineEndings(" | ")));
        if (onTerminal && (level >= LogLevel.Warning || verbose)) Show($"{Short(level)} {Terminals.Plain.Line(text)}{(error is null ? "" : $" ({error.GetType().Name}: {Terminals.Plain.Line(error.Message)})")}");
    }

    private static void Show(string line)
    {
        try
        {
            Console.Error.WriteLine(line);
        }
        catch (IOException)
        {
            // The terminal is gone, or a file on a full disk; the log has the line, or says that it lost it.
        }
    }

    private static string Short(LogLevel level) => level switch
    {
        LogLevel.Critical or LogLevel.Error => "error",
        LogLevel.Warning => "warning",
        LogLevel.Information => "info",
        _ => "debug",
    };

    private sealed class Category(PlaneLog log, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log.Write(name, logLevel, formatter(state, exception), exception);
    }
}
