using System.Runtime.InteropServices;
using System.Text;

namespace Muster.Integrations.Sqlite;

/// <summary>
/// The texts bound to a statement, where the collector moves nothing and SQLite need not copy them: they stay until the
/// statement has run. For one thread.
/// </summary>
internal sealed unsafe class BoundText : IDisposable
{
    private const int Small = 4096;

    /// <summary>What one long text needed is not kept for the next.</summary>
    private const int Kept = 256 * 1024;

    private readonly List<nint> _outgrown = [];
    private byte* _block = (byte*)NativeMemory.Alloc(Small);
    private int _size = Small;
    private int _used;

    /// <summary>Lays a text down as UTF-8. It stays there until <see cref="Clear"/>.</summary>
    public byte* Put(string text, out int bytes)
    {
        // Three bytes for each character are the most that there can be.
        var most = checked(text.Length * 3);
        if (most > _size - _used) Grow(most);
        var place = _block + _used;
        bytes = Encoding.UTF8.GetBytes(text, new Span<byte>(place, most));
        _used += bytes;
        return place;
    }

    public void Clear()
    {
        _used = 0;
        if (_outgrown.Count > 0) FreeOutgrown();
        if (_size > Kept) Replace(Small);
    }

    public void Dispose()
    {
        FreeOutgrown();
        NativeMemory.Free(_block);
        _block = null;
        (_size, _used) = (0, 0);
    }

    private void Grow(int most)
    {
        _outgrown.Add((nint)_block);
        Allocate(Math.Max(checked(_size * 2), most));
    }

    private void Replace(int size)
    {
        NativeMemory.Free(_block);
        Allocate(size);
    }

    private void Allocate(int size)
    {
        _block = (byte*)NativeMemory.Alloc((nuint)size);
        (_size, _used) = (size, 0);
    }

    private void FreeOutgrown()
    {
        foreach (var block in _outgrown) NativeMemory.Free((void*)block);
        _outgrown.Clear();
    }
}
