using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Muster.Client.Tests;

/// <summary>Renders an assembly's public surface, one line a member, sorted.</summary>
internal static class PublicApi
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    // What the compiler writes for every record says nothing about the surface.
    private static readonly string[] Records =
        ["Equals", "GetHashCode", "ToString", "PrintMembers", "op_Equality", "op_Inequality", "<Clone>$", "Deconstruct"];
    private static readonly NullabilityInfoContext Nullability = new();

    public static string Render(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (var type in assembly.GetExportedTypes().OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            text.Append(Kind(type)).Append(' ').Append(type.FullName);
            if (type.BaseType is { } parent && parent != typeof(object) && !type.IsEnum)
                text.Append(" : ").Append(Name(parent));
            text.Append('\n');
            foreach (var line in Members(type).Order(StringComparer.Ordinal))
                text.Append("    ").Append(line).Append('\n');
        }
        return text.ToString();
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
            return Enum.GetNames(type).Select(n => $"{n} = {(int)Enum.Parse(type, n)}");
        return type.GetConstructors(Declared).Select(c => $"new({Parameters(c)})")
            .Concat(type.GetProperties(Declared).Select(Property))
            .Concat(type.GetMethods(Declared)
                .Where(m => (!m.IsSpecialName || m.Name.StartsWith("op_", StringComparison.Ordinal)) && !Records.Contains(m.Name))
                .Select(m => $"{Static(m)}{Name(m.ReturnType, Nullability.Create(m.ReturnParameter))} {m.Name}{Generic(m)}({Parameters(m)})"));
    }

    private static string Kind(Type type) => type switch
    {
        { IsEnum: true } => "enum",
        { IsInterface: true } => "interface",
        { IsValueType: true } => "struct",
        { IsAbstract: true, IsSealed: true } => "static class",
        { IsSealed: true } => "sealed class",
        _ => "class",
    };

    private static string Property(PropertyInfo p)
    {
        var accessor = p.GetMethod ?? p.SetMethod!;
        var set = p.SetMethod is { IsPublic: true } setter
            ? setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? " init;" : " set;"
            : "";
        var required = p.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        return $"{Static(accessor)}{required}{Name(p.PropertyType, Nullability.Create(p))} {p.Name} {{ get;{set} }}";
    }

    private static string Static(MethodBase method) => method.IsStatic ? "static " : "";

    private static string Generic(MethodInfo method) =>
        method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(a => a.Name))}>" : "";

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(p =>
        $"{Name(p.ParameterType, Nullability.Create(p))} {p.Name}{(p.HasDefaultValue ? $" = {Default(p)}" : "")}"));

    private static string Default(ParameterInfo p) => p.DefaultValue switch
    {
        null => p.ParameterType.IsValueType && Nullable.GetUnderlyingType(p.ParameterType) is null ? "default" : "null",
        bool b => b ? "true" : "false",
        var value => value.ToString()!,
    };

    private static string Name(Type type, NullabilityInfo? info = null)
    {
        var mark = info?.ReadState == NullabilityState.Nullable || info?.WriteState == NullabilityState.Nullable ? "?" : "";
        if (Nullable.GetUnderlyingType(type) is { } inner)
            return Name(inner) + "?";
        if (!type.IsGenericType)
            return type.Name + mark;
        var arguments = type.GetGenericArguments().Select((a, i) => Name(a, info?.GenericTypeArguments.ElementAtOrDefault(i)));
        return $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", arguments)}>{mark}";
    }
}
