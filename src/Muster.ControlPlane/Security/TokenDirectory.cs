using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Muster.Contracts.Events;
using Muster.Contracts.Security;
using Muster.ControlPlane.Operations;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Security;

/// <summary>A token is no longer valid.</summary>
public sealed record TokenRevoked(string TokenId) : Signal;

/// <summary>A token to be made.</summary>
public sealed record NewToken(string Name, string Scope)
{
    /// <summary>The agent or host whose it is.</summary>
    public string? Subject { get; init; }
    public TimeSpan? Life { get; init; }

    /// <summary>Whether the subject's others end with it.</summary>
    public bool IsOnly { get; init; }

    /// <summary>What the log says instead of the usual words.</summary>
    public string? Told { get; init; }
}

/// <summary>
/// The tokens that are valid now, by hash. Held in memory because every request asks; the store is the truth. A token
/// revoked here is refused from the commit on, one revoked at another plane as soon as this one hears of it; a plane that
/// hears nothing asks the store each time. One that was made elsewhere is looked up when it is first shown.
/// </summary>
public sealed class TokenDirectory : IDisposable
{
    private const string Prefix = "mst_";

    /// <summary>Look-ups at a time of tokens that nobody here knows: a flood of invented ones does not become the store's.</summary>
    private const int LookUps = 4;

    private readonly ConcurrentDictionary<string, TokenRow> _byHash = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TokenRow> _byId = new(StringComparer.Ordinal);

    /// <summary>By id, for what stays open under a token.</summary>
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _ends = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _room = new(LookUps);
    private readonly Store _store;
    private readonly TimeProvider _time;
    private long _version;

    public TokenDirectory(Store store, TimeProvider time)
    {
        (_store, _time) = (store, time);
        store.Listen(committed =>
        {
            foreach (var revoked in committed.Signals.OfType<TokenRevoked>()) Drop(revoked.TokenId);
        });
    }

    /// <summary>Reads what is valid, and forgets what is not any more.</summary>
    public async Task LoadAsync(CancellationToken ct)
    {
        long version;
        do
        {
            version = Interlocked.Read(ref _version);
            var known = _byHash.Values.ToList();
            var rows = (await _store.ReadAsync(c => c.QueryAsync<TokenRow>("SELECT * FROM tokens WHERE revoked_at IS NULL"), ct)).ToDictionary(r => r.Hash, StringComparer.Ordinal);
            foreach (var gone in known.Where(row => !rows.ContainsKey(row.Hash))) Forget(gone.Id);
            foreach (var row in rows.Values) Keep(row);
        }
        // What was revoked while we read stands in what was read.
        while (Interlocked.Read(ref _version) != version);
    }

    public async ValueTask<Principal?> FindAsync(string? secret, CancellationToken ct)
    {
        if (secret is null || secret.Length > 200 || !secret.StartsWith(Prefix, StringComparison.Ordinal)) return null;
        var hash = Hash(secret);
        var row = _store.Hears && _byHash.TryGetValue(hash, out var known) ? known : await LookUpAsync(hash, ct);
        return row is null || IsOver(row) ? null : row.ToPrincipal();
    }

    /// <summary>Cancelled when a token is revoked; at once when it is so already. When it expires, its <see cref="Principal"/> says.</summary>
    public CancellationToken EndOf(string tokenId)
    {
        var end = _ends.GetOrAdd(tokenId, _ => new CancellationTokenSource());
        // Revoked after it was read, and before anybody was there to be told.
        if (!_byId.ContainsKey(tokenId)) Forget(tokenId);
        return end.Token;
    }

    /// <summary>Makes a token. The secret is in the answer and nowhere else.</summary>
    public Task<TokenCreated> CreateAsync(string name, string scope, string? subject, TimeSpan? life, CancellationToken ct) =>
        CreateAsync(new NewToken(name, scope) { Subject = subject, Life = life }, make => _store.WriteAsync(make, ct), ct);

    /// <summary>
    /// Makes a token once for a request that may be sent again. The answer that is kept for it has no secret: sent again, it is
    /// given a new one in place of the first, which nobody may have received.
    /// </summary>
    public Task<TokenCreated> CreateAsync(NewToken token, Writes writes, object? body, CancellationToken ct) =>
        CreateAsync(token, make => writes.RunAsync(body, make, ct), ct);

    /// <summary>Makes a token for one browser of a person, with which it ends. Null when the person's own is no longer valid.</summary>
    public async Task<TokenCreated?> CreateSessionAsync(string tokenId, TimeSpan life, CancellationToken ct) =>
        await _store.ReadAsync(c => c.QueryFirstOrDefaultAsync<TokenRow>("SELECT * FROM tokens WHERE id = @tokenId AND revoked_at IS NULL", new { tokenId }), ct) is { } row && !IsOver(row)
            ? await CreateAsync(
                new NewToken(row.Name, row.Scope) { Subject = TokenRow.SessionPrefix + row.Id, Life = life, Told = $"'{row.Name}' ({row.Scope}) signed in" }, make => _store.WriteAsync(make, ct), ct)
            : null;

    private async Task<TokenCreated> CreateAsync(NewToken token, Func<Func<StoreTransaction, TokenInfo>, Task<TokenInfo>> write, CancellationToken ct)
    {
        var secret = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24));
        TokenRow? made = null;
        var info = await write(tx =>
        {
            if (token.IsOnly) Revoke(tx, ValidOf(tx, token.Subject));
            made = Insert(tx, token, Hash(secret));
            return made.ToInfo();
        });
        if (made?.Id != info.Id) made = await RenewAsync(info.Id, Hash(secret), ct);
        Keep(made);
        return new TokenCreated { Token = info, Secret = secret };
    }

    private static TokenRow Insert(StoreTransaction tx, NewToken token, string hash)
    {
        var made = new TokenRow
        {
            Id = Ids.New(),
            Name = token.Name,
            Scope = token.Scope,
            Subject = token.Subject,
            Hash = hash,
            CreatedAt = tx.Now,
            ExpiresAt = token.Life is { } span ? tx.Now + (long)span.TotalMilliseconds : null,
        };
        tx.ExecuteOne("INSERT INTO tokens (id, name, scope, subject, hash, created_at, expires_at) VALUES (@Id, @Name, @Scope, @Subject, @Hash, @CreatedAt, @ExpiresAt)", made);
        tx.Emit(EventTypes.TokenCreated, token.Told ?? $"Token '{token.Name}' ({token.Scope}) created", data: new { tokenId = made.Id, scope = token.Scope, subject = token.Subject });
        return made;
    }

    private Task<TokenRow> RenewAsync(string id, string hash, CancellationToken ct) => _store.WriteAsync(tx =>
    {
        var row = tx.QueryFirst<TokenRow>("SELECT * FROM tokens WHERE id = @id AND revoked_at IS NULL", new { id })
            ?? throw Refusal.Conflict("The token that this request made was revoked since. Send the request with a new Idempotency-Key.");
        tx.ExecuteOne("UPDATE tokens SET hash = @hash WHERE id = @id", new { id, hash });
        // Whoever knows it by its first secret forgets it.
        tx.Notify(new TokenRevoked(id));
        return row with { Hash = hash };
    }, ct);

    public Task<bool> RevokeAsync(string id, CancellationToken ct) =>
        _store.WriteAsync(tx => Revoke(tx, tx.Query<TokenRow>("SELECT * FROM tokens WHERE (id = @id OR subject = @sessions) AND revoked_at IS NULL", new { id, sessions = TokenRow.SessionPrefix + id })) > 0, ct);

    /// <summary>Signs a person out of every browser.</summary>
    public Task RevokeSessionsAsync(string tokenId, CancellationToken ct) => RevokeSubjectAsync(TokenRow.SessionPrefix + tokenId, ct);

    /// <summary>Revokes every token bound to an agent or a host that is no more.</summary>
    public Task RevokeSubjectAsync(string subject, CancellationToken ct) =>
        _store.WriteAsync(tx => Revoke(tx, ValidOf(tx, subject)), ct);

    public async Task<IReadOnlyList<TokenInfo>> ListAsync(CancellationToken ct) =>
        [.. (await _store.ReadAsync(c => c.QueryAsync<TokenRow>("SELECT * FROM tokens WHERE revoked_at IS NULL ORDER BY created_at, id"), ct)).Select(r => r.ToInfo())];

    public void Dispose() => _room.Dispose();

    private static List<TokenRow> ValidOf(StoreTransaction tx, string? subject) =>
        tx.Query<TokenRow>("SELECT * FROM tokens WHERE subject = @subject AND revoked_at IS NULL", new { subject });

    private static int Revoke(StoreTransaction tx, List<TokenRow> rows)
    {
        foreach (var row in rows)
        {
            tx.ExecuteOne("UPDATE tokens SET revoked_at = @Now WHERE id = @Id", new { tx.Now, row.Id });
            tx.Emit(EventTypes.TokenRevoked, $"Token '{row.Name}' revoked", data: new { tokenId = row.Id });
            // Heard here as well, before anybody is answered.
            tx.Notify(new TokenRevoked(row.Id));
        }

        return rows.Count;
    }

    private bool IsOver(TokenRow row) => row.ExpiresAt is { } expires && expires <= _time.GetUtcNow().ToUnixTimeMilliseconds();

    private async Task<TokenRow?> LookUpAsync(string hash, CancellationToken ct)
    {
        // Alone, a plane knows all there are.
        if (!_store.IsShared) return null;
        await _room.WaitAsync(ct);
        try
        {
            var version = Interlocked.Read(ref _version);
            var row = await _store.ReadAsync(c => c.QueryFirstOrDefaultAsync<TokenRow>("SELECT * FROM tokens WHERE hash = @hash AND revoked_at IS NULL", new { hash }), ct);
            // One that was revoked while we looked is not kept; the next look does not find it.
            if (row is not null && Interlocked.Read(ref _version) == version) Keep(row);
            return row;
        }
        finally
        {
            _room.Release();
        }
    }

    private void Drop(string id)
    {
        Interlocked.Increment(ref _version);
        Forget(id);
    }

    private void Keep(TokenRow row) => _byHash[row.Hash] = _byId[row.Id] = row;

    private void Forget(string id)
    {
        if (_byId.TryRemove(id, out var row)) _byHash.TryRemove(row.Hash, out _);
        // Not disposed of: somebody may be about to listen to it.
        if (_ends.TryRemove(id, out var end)) end.Cancel();
    }

    // The secret has 192 random bits, so a plain hash is as strong as a slow one and costs a microsecond.
    private static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}

public sealed record TokenRow
{
    /// <summary>Before the id of the token that a session was made from, where others have their agent or host.</summary>
    public const string SessionPrefix = "session:";

    public string Id { get; init; } = "";
    public string Name { get; init; } = "";
    public string Scope { get; init; } = "";
    public string? Subject { get; init; }
    public string Hash { get; init; } = "";
    public long CreatedAt { get; init; }
    public long? ExpiresAt { get; init; }

    private string? SessionOf => Subject?.StartsWith(SessionPrefix, StringComparison.Ordinal) == true ? Subject[SessionPrefix.Length..] : null;

    public Principal ToPrincipal() => new(Id, Name, Scope, SessionOf is null ? Subject : null) { SessionOf = SessionOf, ExpiresAt = Times.At(ExpiresAt) };

    public TokenInfo ToInfo() => new()
    {
        Id = Id,
        Name = Name,
        Scope = Scope,
        Subject = SessionOf is null ? Subject : null,
        SessionOf = SessionOf,
        CreatedAt = Times.At(CreatedAt),
        ExpiresAt = Times.At(ExpiresAt),
    };
}
