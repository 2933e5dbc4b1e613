using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Muster.Contracts.Events;
using Muster.Contracts.Security;
using Muster.ControlPlane.Storage;

namespace Muster.ControlPlane.Security;

/// <summary>
/// The tokens that are valid now, by hash. Held in memory because every request asks; the store is the truth, and a
/// token revoked here is refused from the commit on.
/// </summary>
public sealed class TokenDirectory(Store store, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, TokenRow> _byHash = new(StringComparer.Ordinal);

    public async Task LoadAsync(CancellationToken ct)
    {
        var rows = await store.ReadAsync(c => c.QueryAsync<TokenRow>("SELECT * FROM tokens WHERE revoked_at IS NULL"), ct);
        foreach (var row in rows) _byHash[row.Hash] = row;
    }

    public Principal? Find(string? secret)
    {
        if (secret is null || secret.Length > 200 || !_byHash.TryGetValue(Hash(secret), out var row)) return null;
        if (row.ExpiresAt is { } expires && expires <= time.GetUtcNow().ToUnixTimeMilliseconds()) return null;
        return new Principal(row.Id, row.Name, row.Scope, row.Subject);
    }

    /// <summary>Makes a token. The secret is in the answer and nowhere else.</summary>
    public async Task<TokenCreated> CreateAsync(string name, string scope, string? subject, TimeSpan? life, CancellationToken ct)
    {
        var secret = "mst_" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24));
        var row = await store.WriteAsync(tx =>
        {
            var made = new TokenRow
            {
                Id = Ids.New(),
                Name = name,
                Scope = scope,
                Subject = subject,
                Hash = Hash(secret),
                CreatedAt = tx.Now,
                ExpiresAt = life is { } span ? tx.Now + (long)span.TotalMilliseconds : null,
            };
            tx.ExecuteOne("INSERT INTO tokens (id, name, scope, subject, hash, created_at, expires_at) VALUES (@Id, @Name, @Scope, @Subject, @Hash, @CreatedAt, @ExpiresAt)", made);
            tx.Emit(EventTypes.TokenCreated, $"Token '{name}' ({scope}) created", data: new { tokenId = made.Id, scope, subject });
            return made;
        }, ct);
        _byHash[row.Hash] = row;
        return new TokenCreated { Token = row.ToInfo(), Secret = secret };
    }

    public async Task<bool> RevokeAsync(string id, CancellationToken ct)
    {
        var hash = await store.WriteAsync(tx =>
        {
            var row = tx.QueryFirst<TokenRow>("SELECT * FROM tokens WHERE id = @id AND revoked_at IS NULL", new { id });
            if (row is null) return null;
            tx.ExecuteOne("UPDATE tokens SET revoked_at = @Now WHERE id = @id", new { tx.Now, id });
            tx.Emit(EventTypes.TokenRevoked, $"Token '{row.Name}' revoked", data: new { tokenId = id });
            return row.Hash;
        }, ct);
        return hash is not null && _byHash.TryRemove(hash, out _);
    }

    /// <summary>Revokes every token bound to an agent or a host that is no more, or that gets a new one.</summary>
    public async Task RevokeSubjectAsync(string subject, CancellationToken ct)
    {
        foreach (var row in _byHash.Values.Where(r => r.Subject == subject)) await RevokeAsync(row.Id, ct);
    }

    public IReadOnlyList<TokenInfo> List() => [.. _byHash.Values.OrderBy(r => r.CreatedAt).Select(r => r.ToInfo())];

    public bool Any(string scope) => _byHash.Values.Any(r => r.Scope == scope);

    // The secret has 192 random bits, so a plain hash is as strong as a slow one and costs a microsecond.
    private static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
}

public sealed record TokenRow
{
    public string Id { get; init; } = "";
    public string Name { get; init; } = "";
    public string Scope { get; init; } = "";
    public string? Subject { get; init; }
    public string Hash { get; init; } = "";
    public long CreatedAt { get; init; }
    public long? ExpiresAt { get; init; }

    public TokenInfo ToInfo() => new()
    {
        Id = Id,
        Name = Name,
        Scope = Scope,
        Subject = Subject,
        CreatedAt = Times.At(CreatedAt),
        ExpiresAt = Times.At(ExpiresAt),
    };
}
