package scim_test
import ("testing";"time";"usher/persistence/storetest")
func TestMembersCost(t *testing.T){
 s:=newServer(t, storetest.SQLite(t))
 ids:=s.people(3000)
 for _,n:=range []int{500,1000,2000,3000}{ b:=time.Now(); s.group("g",ids[:n]...); t.Log(n,time.Since(b)) }
}
