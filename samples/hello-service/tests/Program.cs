using System.Diagnostics;
using System.Reflection;
using HelloService;
using HelloService.Tests;

// A test is a public method, without arguments, of a class that derives from ServiceTests. It fails by throwing.
var tests =
    from type in Assembly.GetExecutingAssembly().GetTypes()
    where type.IsSubclassOf(typeof(ServiceTests))
    from method in type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
    where method.ReturnType == typeof(Task) && method.GetParameters().Length == 0
    orderby type.Name, method.Name
    select (Type: type, Method: method);

await using var service = Service.Build(["--urls", "http://127.0.0.1:0"]);
await service.StartAsync();
using var client = new HttpClient { BaseAddress = new Uri(service.Urls.Single()), Timeout = TimeSpan.FromSeconds(10) };

var (passed, failed) = (0, 0);
foreach (var (type, method) in tests)
{
    var name = $"{type.Name}: {method.Name.Replace('_', ' ')}";
    var watch = Stopwatch.StartNew();
    try
    {
        var test = (ServiceTests)Activator.CreateInstance(type)!;
        test.Client = client;
        await (Task)method.Invoke(test, null)!;
        passed++;
        Console.WriteLine($"pass  {name} ({watch.ElapsedMilliseconds} ms)");
    }
    catch (Exception error)
    {
        failed++;
        Console.WriteLine($"FAIL  {name}\n      {(error as TargetInvocationException)?.InnerException?.Message ?? error.Message}");
    }
}

Console.WriteLine($"\n{passed} passed, {failed} failed");
return failed == 0 && passed > 0 ? 0 : 1;
