using System.Text.RegularExpressions;
using Npgsql;

namespace Muster.Integrations.Postgres;

/// <summary>Changes that nobody waits for an answer of: they travel with whatever is asked next, or with the commit.</summary>
internal sealed partial class Waiting(NpgsqlConnection connection)
{
    private readonly List<NpgsqlBatchCommand> _commands = [];

    /// <summary>Sets of rows that what waits gives back, before those of what is asked.</summary>
    private int _sets;

    public bool Any => _commands.Count > 0;

    /// <summary>A statement that gives nothing back.</summary>
    public void Add(NpgsqlBatchCommand command) => _commands.Add(command);

    /// <summary>A change of exactly one row. The server fails it, and with it the transaction, where it changes another number of them.</summary>
    public void AddOne(string sql, NpgsqlParameterCollection parameters)
    {
        // What inserts one row either does so or fails by itself.
        var plain = InsertOfOne().IsMatch(sql);
        var command = new NpgsqlBatchCommand(plain ? sql : $"WITH changed AS ({sql} RETURNING 1) SELECT 1 / (COUNT(*) = 1)::int FROM changed");
        if (!plain) _sets++;
        Move(parameters, command);
        _commands.Add(command);
    }

    /// <summary>Sends what waits together with a question. The batch is to be disposed of when the reader is.</summary>
    public (NpgsqlBatch Batch, NpgsqlDataReader Reader) Ask(NpgsqlBatchCommand question)
    {
        var sets = _sets;
        var batch = Take();
        batch.BatchCommands.Add(question);
        try
        {
            var reader = batch.ExecuteReader();
            for (var set = 0; set < sets; set++) reader.NextResult();
            return (batch, reader);
        }
        catch
        {
            batch.Dispose();
            throw;
        }
    }

    /// <summary>Sends what waits, a last statement and the commit in one round trip; answers the number that the last statement gives.</summary>
    public long Commit(NpgsqlBatchCommand last)
    {
        var sets = _sets;
        using var batch = Take();
        batch.BatchCommands.Add(last);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
        using var reader = batch.ExecuteReader();
        for (var set = 0; set < sets; set++) reader.NextResult();
        reader.Read();
        var number = reader.GetInt64(0);
        // To the end, and so to the server's word on the commit.
        while (reader.NextResult())
        {
        }

        return number;
    }

    /// <summary>Sends what waits.</summary>
    public void Send()
    {
        if (!Any) return;
        using var batch = Take();
        batch.ExecuteNonQuery();
    }

    public void Forget()
    {
        _commands.Clear();
        _sets = 0;
    }

    public static void Move(NpgsqlParameterCollection from, NpgsqlBatchCommand to)
    {
        var all = from.Cast<NpgsqlParameter>().ToArray();
        // A parameter is one command's only.
        from.Clear();
        to.Parameters.AddRange(all);
    }

    private NpgsqlBatch Take()
    {
        var batch = new NpgsqlBatch(connection);
        foreach (var command in _commands) batch.BatchCommands.Add(command);
        Forget();
        return batch;
    }

    [GeneratedRegex(@"^\s*INSERT\s+INTO\s+\w+\s*\([^()]*\)\s*VALUES\s*\((?:[^()]|\([^()]*\))*\)\s*$", RegexOptions.IgnoreCase, 1000)]
    private static partial Regex InsertOfOne();
}
